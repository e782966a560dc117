// Descriptions of elements, and a function that makes the page be like them, changing only what differs: what has the
// focus, is scrolled or is being typed in stays as it is.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Describe an element. `properties`: attributes, handlers (`onclick`), `style` (an object of custom and other CSS
 * properties), `key` (tells siblings apart that change places), `made` (called with the new element).
 */
export function h(tag, properties, ...children) {
  const { key = null, made = null, ...rest } = properties ?? {};
  return { tag, key, made, properties: rest, children: flat(children) };
}

/** Make the children of `parent` be like the descriptions. */
export function render(parent, ...descriptions) {
  patchChildren(parent, flat(descriptions));
}

function flat(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== "");
}

const described = new WeakMap();

function nameOf(description, index) {
  if (typeof description !== "object") return `text ${index}`;
  return description.key === null ? `${description.tag} ${index}` : `${description.tag} key ${description.key}`;
}

function patchChildren(parent, descriptions) {
  const known = new Map();
  for (const child of [...parent.childNodes]) {
    const name = described.get(child)?.name;
    if (known.has(name)) child.remove();
    else known.set(name, child);
  }
  let place = parent.firstChild;
  descriptions.forEach((description, index) => {
    const name = nameOf(description, index);
    let node = known.get(name);
    if (node === undefined) {
      node = create(parent, description, name);
    } else {
      known.delete(name);
      update(node, description, name);
    }
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
    if (description.made && described.get(node).fresh) description.made(node);
    described.get(node).fresh = false;
  });
  for (const node of known.values()) node.remove();
}

function create(parent, description, name) {
  if (typeof description !== "object") {
    const text = document.createTextNode(String(description));
    described.set(text, { name, fresh: true });
    return text;
  }
  const isSvg = description.tag === "svg" || (parent.namespaceURI === SVG && parent.tagName !== "foreignObject");
  const node = isSvg ? document.createElementNS(SVG, description.tag) : document.createElement(description.tag);
  described.set(node, { name, fresh: true, properties: {} });
  update(node, description, name);
  return node;
}

function update(node, description, name) {
  const before = described.get(node);
  if (typeof description !== "object") {
    const text = String(description);
    if (node.data !== text) node.data = text;
    return;
  }
  const { properties } = description;
  for (const property in before.properties) {
    if (!(property in properties)) set(node, property, null, before.properties[property]);
  }
  for (const property in properties) {
    if (properties[property] !== before.properties[property] || property === "style") {
      set(node, property, properties[property], before.properties[property]);
    }
  }
  described.set(node, { name, fresh: before.fresh, properties });
  patchChildren(node, description.children);
}

function set(node, property, value, before) {
  if (property.startsWith("on")) {
    node[property] = value;
  } else if (property === "style") {
    // By way of the object, because the Content-Security-Policy forbids the attribute.
    for (const name in { ...before, ...value }) {
      const wanted = value?.[name] ?? "";
      if (wanted !== before?.[name]) node.style.setProperty(name, wanted);
    }
  } else if (property === "value" || property === "checked" || property === "open") {
    node[property] = value;
  } else if (value === null || value === undefined || value === false) {
    node.removeAttribute(property);
  } else {
    node.setAttribute(property, value === true ? "" : String(value));
  }
}
