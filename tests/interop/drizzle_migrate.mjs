// Drizzle's own migrator on the folder of its first argument: what `migrate()` of an application does.
import { readFileSync, writeFileSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, product, address] = process.argv.slice(2);
const require = createRequire(join(process.env.PACKAGES, "package.json"));

if (product === "postgresql") {
  const { Client } = require("pg");
  const { drizzle } = require("drizzle-orm/node-postgres");
  const { migrate } = require("drizzle-orm/node-postgres/migrator");
  const client = new Client({ connectionString: address });
  await client.connect();
  try {
    await migrate(drizzle({ client }), { migrationsFolder: folder });
  } finally {
    await client.end();
  }
} else {
  const SQL = await require("sql.js")();
  const { drizzle } = require("drizzle-orm/sql-js");
  const { migrate } = require("drizzle-orm/sql-js/migrator");
  const database = new SQL.Database(existsSync(address) ? readFileSync(address) : null);
  migrate(drizzle(database), { migrationsFolder: folder });
  writeFileSync(address, database.export());
}
console.log("done");
