import type { Draft, Setting } from "./draft.ts";
import { actOf } from "./options.ts";

/**
 * Adds a setting of environment or flags, which overrides the file. A listener's option applies to every listener, and a `listener`
 * is added to those of the file.
 */
export function overrideWith(draft: Draft, setting: Setting): void {
  const { option, origin } = setting;
  if (option.fileOnly) {
    return draft.problem(origin, "", "Works in a file only: name one with `-c FILE`");
  }
  switch (actOf(option)) {
    case "listen":
      draft.openListener(setting);
      return;
    case "place":
      return draft.set(draft.overrides, setting);
  }
  const isListeners = option.scope === "listener" || option.perListener === true;
  draft.set(isListeners ? draft.overrides : draft.globals, setting);
  // Listeners read it from `overrides` with `per_listener_settings`, and from `globals` without.
  if (option.perListener) draft.set(draft.globals, setting);
}
