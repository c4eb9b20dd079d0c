// Draws the picture in the page and replaces the server's image of the same definition.

const NARROW = matchMedia("(max-width: 30rem)");

let loaded = null; // a promise of the libraries, which are loaded when first needed

// Loads the libraries of Vega. The page and its image come first: these are large.
function load() {
  const sources = document.querySelector("#explorer").dataset.scripts.split(" ");
  loaded ??= Promise.all(
    sources.map(
      (source) =>
        new Promise((resolve, reject) => {
          const script = document.createElement("script");
          script.async = false; // they run in this order
          script.src = source;
          script.onload = resolve;
          script.onerror = () => reject(new Error(source));
          document.head.append(script);
        }),
    ),
  );
  return loaded;
}

// Shows the server's image where the picture cannot be drawn here.
function showImage(figure) {
  if (figure.querySelector("img") || !figure.dataset.svg) return;
  const image = document.createElement("img");
  image.src = figure.dataset.svg;
  image.alt = figure.dataset.text;
  figure.replaceChildren(image);
}

export async function draw() {
  const figure = document.querySelector("#chart");
  if (!figure) return;
  let spec;
  try {
    await load();
    const response = await fetch(NARROW.matches ? figure.dataset.narrow : figure.dataset.spec);
    if (!response.ok) throw new Error(response.status);
    spec = await response.json();
  } catch {
    showImage(figure);
    return;
  }
  const target = document.createElement("div");
  await vegaEmbed(target, spec, {
    ast: true, // expressions are interpreted, as the policy allows no eval
    renderer: "svg",
    actions: false,
    defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
  });
  // To screen readers it is one image with one text, not a node for each mark.
  target.setAttribute("role", "img");
  target.setAttribute("aria-label", figure.dataset.text);
  figure.replaceChildren(target);
  figure.style.minHeight = "";
}
