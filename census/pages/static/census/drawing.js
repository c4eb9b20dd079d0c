// Draws the picture in the page and replaces the server's image of the same definition.

const NARROW = matchMedia("(max-width: 30rem)");

export async function draw() {
  const figure = document.querySelector("#chart");
  if (!figure || typeof vegaEmbed === "undefined") return;
  const image = figure.querySelector("img");
  let spec;
  try {
    const response = await fetch(NARROW.matches ? figure.dataset.narrow : figure.dataset.spec);
    if (!response.ok) return;
    spec = await response.json();
  } catch {
    return; // the image stays
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
  if (image) {
    target.setAttribute("role", "img");
    target.setAttribute("aria-label", image.alt);
  }
  figure.replaceChildren(target);
  figure.style.minHeight = "";
}
