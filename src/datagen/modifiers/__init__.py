"""modifiers"""
