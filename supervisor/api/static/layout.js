// Where the boxes and lines of a flow's graph stand: layers of nodes, as Sugiyama, Tagawa and Toda draw them
// (https://doi.org/10.1109/TSMC.1981.4308636): ranks, an order within each that crosses few lines, then places.
//
// Lengths are CSS pixels. "Along" is the way that events go, to the right or down; "across" is the other.

const SHAPES = {
  right: { along: 176, across: 64, gap: 140, between: 22, bend: 10, port: 24 },
  down: { along: 64, across: 138, gap: 66, between: 12, bend: 10, port: 66 },
};
const MARGIN = 8;
/** The strip before each box in which its mailbox is drawn. */
export const MAILBOX = 10;
/** How far a line goes on straight behind a box, where the rate stands. */
const STUB = { right: 78, down: 8 };
/** How far boxes move apart where there is room. */
const MOST_GAP = 240;
const SWEEPS = 8;

/**
 * Lay out a graph within `available` pixels: to the right where that fits, else down.
 *
 * `nodes`: `{key, kind, ports: [{name}]}`; `edges`: `{from, to, port}`. Answers `{direction, width, height, boxes,
 * exits, lines}`: boxes by key as `{x, y, width, height}`, exits as `{from, port, x, y}`, lines as `{edge, path}`.
 */
export function layout(nodes, edges, available) {
  const ranks = ranksOf(nodes, edges);
  const deepest = Math.max(0, ...ranks.values()) + 1;
  const { along, gap } = SHAPES.right;
  const room = available - deepest * along - 2 * MARGIN - MAILBOX;
  if (room >= (deepest - 1) * gap) {
    const wider = deepest > 1 ? Math.min(MOST_GAP, room / (deepest - 1)) : gap;
    return placed("right", nodes, edges, ranks, { ...SHAPES.right, gap: wider }, Infinity);
  }
  const shape = SHAPES.down;
  for (let most = Math.max(1, Math.floor((available - 2 * MARGIN) / (shape.across + shape.between))); ; most -= 1) {
    const drawn = placed("down", nodes, edges, wrapped(nodes, ranks, most), shape, available);
    if (drawn.width <= available || most === 1) return drawn;
  }
}

/** By key, the length of the longest way to it; offramps that send to nobody stand last. */
export function ranksOf(nodes, edges) {
  const out = new Map(nodes.map((node) => [node.key, []]));
  for (const edge of edges) if (out.has(edge.to)) out.get(edge.from)?.push(edge.to);
  // Depth first; what leads back to where the walk stands is left out, so that circles have ranks too.
  const order = [];
  const seen = new Map();
  const back = new Set();
  const walk = (key) => {
    seen.set(key, "open");
    for (const to of out.get(key)) {
      if (seen.get(to) === "open") back.add(`${key} ${to}`);
      else if (!seen.has(to)) walk(to);
    }
    seen.set(key, "done");
    order.unshift(key);
  };
  for (const node of nodes) if (!seen.has(node.key)) walk(node.key);
  const ranks = new Map(nodes.map((node) => [node.key, 0]));
  for (const key of order) {
    for (const to of out.get(key)) {
      if (!back.has(`${key} ${to}`)) ranks.set(to, Math.max(ranks.get(to), ranks.get(key) + 1));
    }
  }
  const last = Math.max(0, ...ranks.values());
  for (const node of nodes) if (node.kind === "offramp" && out.get(node.key).length === 0) ranks.set(node.key, last);
  return ranks;
}

function wrapped(nodes, ranks, most) {
  const rows = [];
  for (const node of nodes) (rows[ranks.get(node.key)] ??= []).push(node.key);
  const result = new Map();
  let row = 0;
  for (const keys of rows) {
    if (keys === undefined) continue;
    keys.forEach((key, index) => result.set(key, row + Math.floor(index / most)));
    row += Math.ceil(keys.length / most);
  }
  return result;
}

function placed(direction, nodes, edges, ranks, shape, available) {
  const { rows, chains } = withBends(nodes, edges, ranks, shape, direction);
  const neighbours = neighboursOf(chains);
  order(rows, neighbours);
  const across = places(rows, neighbours, tightened(rows, shape, available), available - 2 * MARGIN);
  const depths = [];
  let depth = MARGIN + MAILBOX;
  for (const row of rows) {
    depths.push(depth);
    const ports = Math.max(1, ...row.map((vertex) => vertex.ports));
    depth += shape.along + (direction === "right" ? shape.gap : shape.gap + 15 * (ports - 1));
  }
  return drawn(direction, rows, chains, across, depths, shape);
}

function withBends(nodes, edges, ranks, shape, direction) {
  const rows = [];
  const vertices = new Map();
  const put = (key, rank, size, node = null) => {
    const vertex = { key, rank, size, node, ports: node?.ports.length ?? 0 };
    (rows[rank] ??= []).push(vertex);
    vertices.set(key, vertex);
    return vertex;
  };
  for (const node of nodes) {
    const needed = node.ports.length * shape.port + (direction === "right" ? 12 : 0);
    put(node.key, ranks.get(node.key), Math.max(shape.across, needed), node);
  }
  const chains = edges.map((edge) => {
    const [from, to] = [vertices.get(edge.from), vertices.get(edge.to)];
    const chain = [from];
    // Lines of one port share their bends, so that they part late.
    for (let rank = from.rank + 1; rank < to.rank; rank += 1) {
      const key = `bend ${edge.from} ${edge.port} ${rank}`;
      chain.push(vertices.get(key) ?? put(key, rank, shape.bend));
    }
    chain.push(to);
    return { edge, chain };
  });
  for (let rank = 0; rank < rows.length; rank += 1) rows[rank] ??= [];
  return { rows, chains };
}

/**
 * By key, the vertices of the rows before and after that lines lead to, each with where the line leaves it: from -0.5
 * to 0.5 of its size, off its middle.
 */
function neighboursOf(chains) {
  const found = { before: new Map(), after: new Map() };
  const note = (map, key, other, off) => map.set(key, (map.get(key) ?? new Map()).set(other, off));
  for (const { edge, chain } of chains) {
    const { ports } = chain[0].node;
    const off = (ports.findIndex((port) => port.name === edge.port) + 1) / (ports.length + 1) - 0.5;
    for (let index = 1; index < chain.length; index += 1) {
      note(found.after, chain[index - 1].key, chain[index].key, 0);
      note(found.before, chain[index].key, chain[index - 1].key, index === 1 ? off : 0);
    }
  }
  return found;
}

function order(rows, neighbours) {
  const position = new Map();
  const size = new Map(rows.flatMap((row) => row.map((vertex) => [vertex.key, 1 / row.length])));
  const number = (row) => row.forEach((vertex, index) => position.set(vertex.key, (index + 0.5) / row.length));
  rows.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0;
    const side = forward ? neighbours.before : neighbours.after;
    for (const row of forward ? rows : [...rows].reverse()) {
      const wanted = new Map(
        row.map((vertex) => [vertex.key, mean(side.get(vertex.key), position, size) ?? position.get(vertex.key)]),
      );
      row.sort((one, other) => wanted.get(one.key) - wanted.get(other.key));
      number(row);
    }
  }
}

function mean(neighbours, middle, size) {
  if (neighbours === undefined) return null;
  let total = 0;
  for (const [key, off] of neighbours) total += middle.get(key) + off * size.get(key);
  return total / neighbours.size;
}

/** The space between neighbours of a row, less where a row would be too wide. */
function tightened(rows, shape, available) {
  const widest = Math.max(...rows.map((row) => row.length - 1));
  const taken = Math.max(...rows.map((row) => row.reduce((total, vertex) => total + vertex.size, 0)));
  const room = widest > 0 ? (available - 2 * MARGIN - taken) / widest : shape.between;
  return Math.max(4, Math.min(shape.between, room));
}

/** By key, where the middle of each vertex stands across: near its neighbours, in its row's order, within `limit`. */
function places(rows, neighbours, between, limit) {
  const middle = new Map();
  const size = new Map(rows.flat().map((vertex) => [vertex.key, vertex.size]));
  for (const row of rows) {
    let edge = 0;
    for (const vertex of row) {
      middle.set(vertex.key, edge + vertex.size / 2);
      edge += vertex.size + between;
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0;
    const side = forward ? neighbours.before : neighbours.after;
    for (const row of forward ? rows : [...rows].reverse()) {
      settle(
        row,
        row.map((vertex) => mean(side.get(vertex.key), middle, size) ?? middle.get(vertex.key)),
        between,
        limit,
        middle,
      );
    }
  }
  const least = Math.min(...rows.flat().map((vertex) => middle.get(vertex.key) - vertex.size / 2));
  for (const [key, value] of middle) middle.set(key, value - least + MARGIN);
  return middle;
}

/** Put a row as near to the wanted places as its order and the space between allow: blocks that touch move together. */
function settle(row, wanted, between, limit, middle) {
  const blocks = [];
  row.forEach((vertex, index) => {
    let block = { start: wanted[index] - vertex.size / 2, size: vertex.size, members: [index], weight: 1 };
    while (blocks.length && blocks.at(-1).start + blocks.at(-1).size + between > block.start) {
      const before = blocks.pop();
      // Each block stands where the mean of its members' wishes is.
      const start =
        (before.start * before.weight + (block.start - before.size - between) * block.weight) /
        (before.weight + block.weight);
      block = {
        start,
        size: before.size + between + block.size,
        members: [...before.members, ...block.members],
        weight: before.weight + block.weight,
      };
    }
    blocks.push(block);
  });
  let least = 0;
  for (const block of blocks) {
    block.start = Math.max(block.start, limit === Infinity ? -Infinity : least);
    least = block.start + block.size + between;
  }
  let most = limit;
  for (const block of [...blocks].reverse()) {
    block.start = Math.min(block.start, most - block.size);
    most = block.start - between;
  }
  for (const block of blocks) {
    let edge = block.start;
    for (const index of block.members) {
      middle.set(row[index].key, edge + row[index].size / 2);
      edge += row[index].size + between;
    }
  }
}

function drawn(direction, rows, chains, across, depths, shape) {
  const right = direction === "right";
  const point = (along, acrossIt) => (right ? { x: along, y: acrossIt } : { x: acrossIt, y: along });
  const boxes = new Map();
  const exits = [];
  const exitAt = new Map();
  let [most, deepest] = [0, 0];
  for (const vertex of rows.flat()) {
    const start = across.get(vertex.key) - vertex.size / 2;
    most = Math.max(most, start + vertex.size);
    if (vertex.node === null) continue;
    const depth = depths[vertex.rank];
    deepest = Math.max(deepest, depth + shape.along + (vertex.ports && right ? STUB.right : 0));
    const size = right ? { width: shape.along, height: vertex.size } : { width: vertex.size, height: shape.along };
    boxes.set(vertex.key, { ...point(depth, start), ...size });
    vertex.node.ports.forEach((port, index) => {
      const at = { along: depth + shape.along, across: start + (vertex.size * (index + 1)) / (vertex.ports + 1) };
      exits.push({
        from: vertex.key,
        port: port.name,
        level: index,
        levels: vertex.ports,
        ...point(at.along, at.across),
      });
      exitAt.set(`${vertex.key} ${port.name}`, at);
    });
  }
  const lines = chains.map(({ edge, chain }) => {
    const at = exitAt.get(`${edge.from} ${edge.port}`);
    const ports = chain[0].ports;
    const stub = at.along + (right ? STUB.right : STUB.down + 15 * ports);
    const steps = [{ from: at.along, to: stub, across: at.across }];
    for (const vertex of chain.slice(1, -1)) {
      steps.push({
        from: depths[vertex.rank],
        to: depths[vertex.rank] + shape.along,
        across: across.get(vertex.key),
      });
    }
    const end = chain.at(-1);
    steps.push({ from: depths[end.rank] - MAILBOX, to: depths[end.rank] - MAILBOX, across: across.get(end.key) });
    return { edge, path: pathThrough(steps, point) };
  });
  const size = point(deepest + MARGIN, most + MARGIN);
  return { direction, width: size.x, height: size.y, boxes, exits, lines };
}

function pathThrough(steps, point) {
  const text = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  let path = "";
  steps.forEach((step, index) => {
    const before = steps[index - 1];
    if (before === undefined) {
      path = `M${text(point(step.from, step.across))}`;
    } else {
      const half = (before.to + step.from) / 2;
      const [leave, arrive] = [point(half, before.across), point(half, step.across)];
      path += `C${text(leave)} ${text(arrive)} ${text(point(step.from, step.across))}`;
    }
    if (step.to !== step.from) path += `L${text(point(step.to, step.across))}`;
  });
  return path;
}
