import { denoProblem } from "../deno_version.ts";
import template from "./flux-mqtt.service" with { type: "text" };

/** The unit's name. */
export const UNIT = "flux-mqtt.service";
/** The unit's place among an administrator's units. */
export const UNIT_PATH: string = `/etc/systemd/system/${UNIT}`;
/** The file that tells systemd-sysusers to make the service's user. */
export const USER_PATH = "/etc/sysusers.d/flux-mqtt.conf";
/** The text of {@linkcode USER_PATH}. */
export const USER_TEXT = 'u flux-mqtt - "flux-mqtt broker" /var/lib/flux-mqtt\n';

const EXEC_START = "/usr/local/bin/flux-mqtt -c /etc/flux-mqtt/flux.conf";

/** The unit for this executable and this configuration, both absolute paths without blanks. */
export function unitText(executable: string, configFile: string, canNotify: boolean): string {
  const text = template.replace(EXEC_START, `${executable} -c ${configFile}`);
  if (canNotify) return text;
  return text.replace("Type=notify", "Type=exec").replace(/^WatchdogSec=.*$/m, "WatchdogSec=0");
}

/** Whether this Deno can tell systemd that the broker is ready, and that it is well. */
export function canNotify(): boolean {
  return denoProblem(Deno.version.deno, () => undefined) === undefined;
}
