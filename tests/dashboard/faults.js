// Evaluated in the page: answers a sentence for each fault that can be seen.
() => {
  const faults = [];
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide)
    faults.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const short = (text) => JSON.stringify(text.trim().slice(0, 40));

  // Every piece of text that can be seen, with the lines that it takes.
  const pieces = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (
      !node.data.trim() ||
      element.closest(".hidden-text, #skip, title, script, noscript, option, dialog:not([open])")
    )
      continue;
    if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      if (rect.width > 0.5 && rect.height > 0.5) pieces.push({ text: node.data, element, rect });
    }
  }
  const scrolls = (element) => {
    for (let box = element; box && box !== document.body; box = box.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(box).overflowY) && box.scrollHeight > box.clientHeight + 1)
        return true;
    }
    return false;
  };
  for (const { text, rect } of pieces) {
    if (rect.left < -0.5 || rect.right > wide + 0.5) faults.push(`${short(text)} hangs out of the page`);
  }
  // Whatever hides what does not fit into it.
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest("svg, .hidden-text, #skip") || element.matches("input, select, option, textarea")) continue;
    const style = getComputedStyle(element);
    if (style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0) {
      faults.push(`${element.tagName}.${element.className}: ${element.scrollWidth} in ${element.clientWidth}`);
    }
  }
  // Texts over texts: by their lines from above, each against those that it reaches.
  const lines = pieces
    .filter(({ element }) => !scrolls(element) && !element.closest("#said"))
    .sort((one, other) => one.rect.top - other.rect.top);
  for (let index = 0; index < lines.length; index += 1) {
    const { rect } = lines[index];
    for (let next = index + 1; next < lines.length && lines[next].rect.top < rect.bottom - 3; next += 1) {
      const other = lines[next].rect;
      if (
        Math.min(rect.right, other.right) - Math.max(rect.left, other.left) > 1.5 &&
        Math.min(rect.bottom, other.bottom) - Math.max(rect.top, other.top) > 3
      ) {
        faults.push(`${short(lines[index].text)} lies over ${short(lines[next].text)}`);
      }
    }
  }
  // Boxes of a graph over each other, or over rates; texts that hang out of their box.
  const overlap = (one, other) =>
    Math.min(one.right, other.right) - Math.max(one.left, other.left) > 0.5 &&
    Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 0.5;
  for (const graph of document.querySelectorAll("svg.graph")) {
    const nodes = [...graph.querySelectorAll(".node")].map((node) => ({
      node,
      rect: node.querySelector(".box").getBoundingClientRect(),
    }));
    const frame = graph.getBoundingClientRect();
    nodes.forEach(({ node, rect }, index) => {
      for (const other of nodes.slice(index + 1)) {
        if (overlap(rect, other.rect)) faults.push(`${node.dataset.node} lies over ${other.node.dataset.node}`);
      }
      for (const rate of graph.querySelectorAll(".rate text")) {
        if (overlap(rect, rate.getBoundingClientRect()))
          faults.push(`${node.dataset.node} lies over the rate ${rate.textContent}`);
      }
      for (const text of node.querySelectorAll("text")) {
        const within = text.getBoundingClientRect();
        if (within.left < rect.left - 0.5 || within.right > rect.right + 0.5)
          faults.push(`${short(text.textContent)} hangs out of its box`);
      }
      if (rect.left < frame.left - 0.5 || rect.right > frame.right + 0.5 || rect.bottom > frame.bottom + 0.5) {
        faults.push(`${node.dataset.node} hangs out of its graph`);
      }
    });
  }
  // Texts of drawings that do not fit into them.
  for (const text of document.querySelectorAll("svg text")) {
    const [within, frame] = [text.getBoundingClientRect(), text.closest("svg").getBoundingClientRect()];
    if (within.width && (within.left < frame.left - 1 || within.right > frame.right + 1))
      faults.push(`${short(text.textContent)} is cut off by its drawing`);
  }
  return faults;
}
