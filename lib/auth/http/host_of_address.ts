/** The host of `127.0.0.1:50123` or `[::1]:50123`; the path of a Unix socket stays as it is. */
export function hostOfAddress(address: string): string {
  if (address.startsWith("[")) return address.slice(1, address.indexOf("]"));
  const end = address.lastIndexOf(":");
  return end < 0 || address.startsWith("unix:") ? address : address.slice(0, end);
}
