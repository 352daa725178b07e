/** The oldest Deno whose TLS works: in older ones client certificates fail, and a blocked connection stays open. */
const MINIMUM = [2, 9] as const;
/** The variable that allows an older Deno if TLS does not matter, as in a smoke test on an older base executable. */
export const OLD_DENO_VARIABLE = "FLUX_MQTT_OLD_DENO";

/** Why this Deno may not run the broker, and what to do; `undefined`: it may. */
export function denoProblem(
  version: string,
  environment: (name: string) => string | undefined,
): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < MINIMUM[0] || major === MINIMUM[0] && minor < MINIMUM[1];
  if (!isOld || environment(OLD_DENO_VARIABLE) === "true") return undefined;
  return `flux-mqtt needs Deno ${
    MINIMUM.join(".")
  } or newer, this is ${version}: in it TLS listeners hang without an error; ` +
    `\`deno upgrade\`, or \`npx -y deno@2.9.6 task start\`. Where TLS is not used, ${OLD_DENO_VARIABLE}=true lets it run`;
}
