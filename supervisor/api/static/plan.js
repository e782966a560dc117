// The deployment as the file and the defaults say it: the components' configuration, and what the page may do.

import { ask } from "./api.js";

export const plan = {
  /** Until it is known, nothing that changes anything is shown. */
  readOnly: true,
  document: null,
};

/** Ask for it anew. */
export async function loadPlan() {
  plan.document = await ask("GET", "/api/v1/plan");
  plan.readOnly = plan.document.supervisor.api?.read_only ?? false;
}

/** What the plan says of a component by its name, `null` if nothing. */
export function configOf(name) {
  const [kind, id] = [name.slice(0, name.indexOf(":")), name.slice(name.indexOf(":") + 1)];
  const components = (plan.document?.flows ?? []).flatMap((flow) => flow.components);
  return components.find((component) => component.kind === kind && component.id === id) ?? null;
}
