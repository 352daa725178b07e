/** What nobody can start sooner than: a program that only listens, on the port that is its argument. */
const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(Deno.args[0]) });
for await (const connection of listener) connection.close();
