/** The version of flux-mqtt, in its one place; `deno.json` must say the same, and a test holds it to that. */
export const VERSION = "0.2.0";
