// A bench is loaded only when it is asked for: each brings its own world along.
const benches: Record<string, () => Promise<{ run(): Promise<boolean> }>> = {
  delivery: () => import("./delivery.ts"),
};

const name = process.argv[2] ?? "";
const load = benches[name];
if (load) {
  const { run } = await load();
  if (!(await run())) process.exitCode = 1;
} else {
  const given = name === "" ? "none" : JSON.stringify(name);
  console.error(`Which bench? Got ${given}, there are: ${Object.keys(benches).join(", ")}. npm run bench -- delivery`);
  process.exitCode = 2;
}
