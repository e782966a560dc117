// What the deployment's file lets the page do.

import { ask } from "./api.js";

export const plan = {
  /** Until it is known, nothing that changes anything is shown. */
  readOnly: true,
};

/** Ask for it. */
export async function loadPlan() {
  const { supervisor } = await ask("GET", "/api/v1/plan");
  plan.readOnly = supervisor.api?.read_only ?? false;
}
