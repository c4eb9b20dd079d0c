// Redoc loads a logo from its makers' server, which the policy forbids. Images of other origins fail
// here without a request, and Redoc leaves them out.
const { setAttribute } = Element.prototype;
const { get, set } = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");

function foreign(image, address) {
  if (new URL(address, location).origin === location.origin) return false;
  setTimeout(() => image.dispatchEvent(new Event("error")));
  return true;
}

Element.prototype.setAttribute = function (name, value) {
  if (name === "src" && this.tagName === "IMG" && foreign(this, value)) return;
  setAttribute.call(this, name, value);
};
Object.defineProperty(HTMLImageElement.prototype, "src", {
  get,
  set(value) {
    if (!foreign(this, value)) set.call(this, value);
  },
});
