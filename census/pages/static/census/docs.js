// Swagger UI draws its list of servers without a name that a screen reader could say.
new MutationObserver(() => {
  document.querySelector("#servers:not([aria-label])")?.setAttribute("aria-label", "Server");
}).observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });
