// Redoc asks a server of its makers for their logo; here no request leaves the origin.
const setAttribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  if (name === "src" && new URL(value, location).origin !== location.origin) return;
  setAttribute.call(this, name, value);
};
