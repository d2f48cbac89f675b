"use strict";
(() => {
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const plots = [...document.querySelectorAll(".plot")];
  const drawn = new Set();
  const touched = matchMedia("(pointer: coarse)");
  const hovers = matchMedia("(hover: hover)");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const PRINTED_WIDTH = 660;

  root.classList.add("scripted");

  // Colours of figures are names of the style's variables: put in what they are in this theme.
  function themed(value, key, style) {
    if (Array.isArray(value)) return value.map((item) => themed(item, key, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, themed(item, name, style)]));
    }
    const isColour = typeof value === "string" && value.startsWith("--") && /color$/.test(key);
    return isColour ? style.getPropertyValue(value).trim() : value;
  }

  function draw(plot, width) {
    const figure = themed(figures[plot.id], "", getComputedStyle(root));
    figure.layout.dragmode = touched.matches ? false : "zoom";
    if (width) figure.layout.width = width;
    drawn.add(plot);
    plot.dataset.drawn = "";
    return Plotly.react(plot, figure.data, figure.layout, {
      responsive: !width,
      displaylogo: false,
      displayModeBar: hovers.matches ? "hover" : false,
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    });
  }

  // A plot is drawn when it is about to be seen: a page of hundreds of cases opens at once.
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !drawn.has(entry.target)) draw(entry.target);
    }
  }, { rootMargin: "600px" });
  plots.forEach((plot) => seen.observe(plot));

  function redraw() {
    drawn.forEach((plot) => draw(plot));
  }

  // Theme: the system's until the reader chooses.
  const button = document.getElementById("theme");
  function remembered(value) {
    try {
      if (value) localStorage.setItem("mcuprof-theme", value);
      return localStorage.getItem("mcuprof-theme");
    } catch {
      return null; // some browsers keep nothing for a file
    }
  }
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
  function applyTheme() {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
    redraw();
  }
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remembered(root.dataset.theme);
    applyTheme();
  });
  prefersDark.addEventListener("change", applyTheme);
  const before = remembered();
  if (before === "dark" || before === "light") root.dataset.theme = before;
  applyTheme();

  // The best by weight is looked up in stretches that were computed with the page.
  const weight = document.getElementById("weight");
  function weigh() {
    const speed = Number(weight.value);
    const said = `${speed} % speed, ${100 - speed} % size`;
    document.getElementById("weight-value").textContent = said;
    weight.setAttribute("aria-valuetext", said);
    for (const place of document.querySelectorAll(".weighted")) {
      const stretches = JSON.parse(place.dataset.stretches);
      place.textContent = stretches.find(([high]) => speed / 100 <= high)[1];
    }
  }
  if (weight) {
    weight.addEventListener("input", weigh);
    weigh();
  }

  // Filters hide what is of another model or board.
  const filters = ["model", "board"].map((name) => [name, document.getElementById(`filter-${name}`)]);
  function filter() {
    for (const element of document.querySelectorAll("[data-model], [data-board]")) {
      element.hidden = filters.some(
        ([name, select]) => select && select.value && element.dataset[name] && element.dataset[name] !== select.value,
      );
    }
  }
  filters.forEach(([, select]) => select && select.addEventListener("change", filter));
  filter(); // a browser may keep the choice over a reload

  // On paper there is nothing to open and nothing to scroll to, and the ink is dark.
  let opened = [];
  let theme;
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open]):not(.case)")];
    opened.forEach((details) => { details.open = true; });
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    plots.filter((plot) => plot.offsetParent).forEach((plot) => draw(plot, PRINTED_WIDTH));
  });
  addEventListener("afterprint", () => {
    opened.forEach((details) => { details.open = false; });
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    redraw();
  });
})();
