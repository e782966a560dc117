// The latest five minutes of what charts show, a value a look, kept in the page.

export const KEPT = 300;

export class History {
  /** When each look was, in seconds since 1970. */
  times = [];
  #rows = new Map();

  /** `rows`: by key, by name of the measure, the value of this look; `null` and what is missing leave a gap. */
  record(at, rows) {
    this.times.push(at);
    const drops = this.times.length > KEPT;
    if (drops) this.times.shift();
    for (const [key, measures] of rows) {
      if (!this.#rows.has(key)) this.#rows.set(key, new Map());
      const kept = this.#rows.get(key);
      for (const name in measures) if (!kept.has(name)) kept.set(name, new Array(this.times.length - 1).fill(NaN));
    }
    for (const [key, kept] of this.#rows) {
      const measures = rows.get(key);
      let known = measures !== undefined;
      for (const [name, values] of kept) {
        values.push(measures?.[name] ?? NaN);
        if (values.length > this.times.length) values.shift();
        known ||= values.some((value) => !Number.isNaN(value));
      }
      if (!known) this.#rows.delete(key);
    }
  }

  /** The values of a measure, as many as there are `times`. */
  values(key, name) {
    return this.#rows.get(key)?.get(name) ?? new Array(this.times.length).fill(NaN);
  }
}
