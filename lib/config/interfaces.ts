import type { Block, Draft } from "./draft.ts";

/** Looks up the addresses of an interface; none if there is no such interface. Throws if the permission is missing. */
export type AddressesOf = (interfaceName: string) => readonly string[];

/**
 * The addresses that a listener listens on: those of its `bind_interface`, or else `address`, and only those of the family of
 * `socket_domain`. Contradictions are added to the draft's problems.
 */
export function addressesAt(
  draft: Draft,
  block: Block,
  address: string,
  addressesOf: AddressesOf | undefined,
): readonly string[] {
  const device = settingOf(draft, block, "bind_interface");
  const domain = settingOf(draft, block, "socket_domain");
  const isOfFamily = (address: string) =>
    domain === undefined || address.includes(":") === (domain.value === "ipv6");
  if (device !== undefined) {
    return usableAddresses(draft, String(device.value), device.origin, addressesOf)
      .filter(isOfFamily);
  }
  if (domain === undefined) return [address];
  if (address === "" && domain.value === "ipv4") return ["0.0.0.0"];
  if (address === "") {
    const message =
      "Cannot be ipv6 at all addresses, where one socket accepts IPv4 as well; name an " +
      "address: `listener PORT ADDRESS`";
    draft.problem(domain.origin, "socket_domain", message);
  } else if (/^[\d.]+$|:/.test(address) && !isOfFamily(address)) {
    draft.problem(
      domain.origin,
      "socket_domain",
      `Cannot be ${domain.value}: the listener is at ${address}`,
    );
  }
  return [address];
}

/** The addresses of an interface, without link-local ones, which do not say which link is meant. */
function usableAddresses(
  draft: Draft,
  device: string,
  origin: string,
  addressesOf: AddressesOf | undefined,
): readonly string[] {
  try {
    const usable = addressesOf?.(device).filter((address) => !/^fe80:/i.test(address)) ?? [];
    if (usable.length > 0) return usable;
    draft.problem(origin, "bind_interface", `There is no interface ${device} with an address`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `Cannot look up the addresses of ${device}: ${reason}; or name the address ` +
      "instead: `listener PORT ADDRESS`";
    draft.problem(origin, "bind_interface", message);
  }
  return [];
}

/** The listener's setting, or one that overrides it for all listeners; `undefined` if it is the default. */
function settingOf(draft: Draft, block: Block, name: string) {
  const setting = (draft.overrides.get(name) ?? block.settings.get(name))?.at(-1);
  return setting?.value === setting?.option.default ? undefined : setting;
}
