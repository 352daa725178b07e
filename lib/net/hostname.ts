/** The name of this machine, if reading it is permitted. */
export function hostname(): string {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
  return state === "granted" ? Deno.hostname() : "localhost";
}
