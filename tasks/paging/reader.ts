// deno-lint-ignore-file no-console -- part of a command line tool
/**
 * Pages through everything that the API at a URL lists, and prints how many items there were: a program of its own, as whoever does
 * that has.
 *
 * @module
 */
const [url = ""] = Deno.args;
for (const path of ["/clients", "/retained"]) {
  let count = 0;
  let after = "";
  do {
    const query = new URLSearchParams({ limit: "1000", ...after === "" ? {} : { after } });
    const response = await fetch(`${url}/api/v1${path}?${query}`);
    if (!response.ok) throw new Error(`${path} answers ${response.status}`);
    const { items, next } = await response.json();
    count += items.length;
    after = next ?? "";
  } while (after !== "");
  console.log(`${path} ${count}`);
}
