// Redoc asks a server of its makers for their logo; here no request leaves the origin. An image
// from elsewhere fails without being asked for, and Redoc leaves it out.
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
