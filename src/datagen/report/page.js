// Draws the pictures of the report one after the other, from the top, and switches between light and dark.
(async () => {
  const HIDDEN_WIDTH = 300;
  const root = document.documentElement;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  const wanted = new URLSearchParams(location.hash.slice(1)).get("theme");
  if (wanted === "dark" || wanted === "light") root.dataset.theme = wanted;
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.getAttribute("href").slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        links.forEach((link) => link.removeAttribute("aria-current"));
        links.get(entry.target.id)?.setAttribute("aria-current", "true");
      }
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  document.querySelectorAll("main > section[id]").forEach((section) => seen.observe(section));
  const open = (hash) => {
    const target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    const details = target && target.closest("details");
    if (details) { details.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", () => open(location.hash));
  addEventListener("beforeprint", () => document.querySelectorAll("details:not(.keep)").forEach((one) => { one.open = true; }));

  const charts = read("charts");
  const config = read("chart-config");
  const options = { renderer: "svg", actions: false, ast: true, defaultStyle: false, config, tooltip: { theme: "report" } };
  const draw = (place, spec) => {
    // inside what is closed nothing has a width: drawn at a likely one, and anew when it is opened
    const width = place.clientWidth > 0 ? "container" : HIDDEN_WIDTH;
    return vegaEmbed(place, { $schema: "https://vega.github.io/schema/vega-lite/v6.json", ...spec, width }, options);
  };
  document.querySelectorAll("details").forEach((details) => details.addEventListener("toggle", () => {
    if (!details.open || details.dataset.drawn) return;
    details.dataset.drawn = "true";
    details.querySelectorAll(".chart").forEach((place) => {
      if (place.clientWidth > 0) draw(place, charts[Number(place.id.slice("chart-".length))]);
    });
  }));
  let failed = 0;
  for (const [number, spec] of charts.entries()) {
    const place = document.getElementById(`chart-${number}`);
    try {
      await draw(place, spec);
    } catch (error) {
      failed += 1;
      place.textContent = `This picture could not be drawn: ${error.message}`;
      console.error(`chart ${number}: ${error.message}`);
    }
    if (number % 6 === 5) await new Promise((next) => setTimeout(next, 0));
  }
  root.dataset.drawn = String(charts.length - failed);
  root.dataset.failed = String(failed);
  open(location.hash);
})();
