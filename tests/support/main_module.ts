/** The environment variable with the path of the broker's bundled main module, which loads faster than the sources. */
export const BUNDLED_MAIN = "FLUX_MQTT_TEST_MAIN";

/** The broker's main module as it is in the repository. */
export const SOURCE_MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** The module with which tests start the broker and its commands: the short form of `deno task test` has bundled it. */
export const MAIN = Deno.env.get(BUNDLED_MAIN) || SOURCE_MAIN;
