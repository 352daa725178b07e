import type { Draft, Setting } from "./draft.ts";
import { actOf } from "./options.ts";

/**
 * Puts a setting of environment or flags over what the file says. A listener's option holds for every listener; another
 * `listener` is added to those of the file.
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
  // Where listeners differ, each has its own; where they do not, the global one counts.
  if (option.perListener) draft.set(draft.globals, setting);
}
