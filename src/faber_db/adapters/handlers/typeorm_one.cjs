// Applies exactly one migration with the project's own TypeORM: node typeorm_one.cjs DATA_SOURCE NAME
// Without NAME it only connects; with `back` after it, that one is taken back.
//
// TypeORM runs whatever is in `dataSource.migrations`, so only the wanted one is left there. Its own
// `runMigrations` then does what it always does: transaction, row, ledger.
"use strict";

const path = require("node:path");
const { createRequire } = require("node:module");

const [file, wanted, back] = process.argv.slice(2);
const ours = createRequire(path.join(process.cwd(), "package.json"));

async function run() {
  const { CommandUtils } = ours("typeorm/commands/CommandUtils");
  const dataSource = await CommandUtils.loadDataSource(path.resolve(file));
  dataSource.setOptions({ subscribers: [], synchronize: false, migrationsRun: false, dropSchema: false });
  await dataSource.initialize();
  try {
    if (wanted === undefined) return;
    const found = dataSource.migrations.filter((one) => (one.name || one.constructor.name) === wanted);
    if (found.length !== 1) {
      throw new Error(`the data source has ${found.length} migrations named ${wanted}`);
    }
    const mode = dataSource.options.migrationsTransactionMode;
    const own = found[0].transaction !== undefined; // which mode "all" does not allow
    dataSource.migrations.splice(0, dataSource.migrations.length, found[0]);
    const transaction = own && mode !== "none" ? "each" : mode || "all";
    if (back !== undefined) {
      await dataSource.undoLastMigration({ transaction });
      return;
    }
    const done = await dataSource.runMigrations({ transaction });
    if (done.length !== 1) throw new Error(`TypeORM applied ${done.length} migrations`);
    console.log(`applied ${done[0].name}`);
  } finally {
    await dataSource.destroy();
  }
}

run().catch((error) => {
  console.error(error && error.message ? error.message : error);
  process.exitCode = 1;
});
