#!/usr/bin/env node
// Stands in for Prisma's native schema engine, which is a download: the real CLI talks to this,
// and this to the same engine compiled to WebAssembly, so that its verdicts are Prisma's own.
// One JSON-RPC request a line on stdin, one answer a line on stdout. PostgreSQL and SQLite only.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import readline from 'node:readline'

const packages = createRequire(path.join(process.env.PRISMA_PACKAGES, 'package.json'))
const load = (name) => import(pathToFileURL(packages.resolve(name)))
const words = process.argv.slice(2)

function after(option) {
  const at = words.indexOf(option)
  return at < 0 ? undefined : words[at + 1]
}

function schemas() {
  const from = words.indexOf('--datamodels') + 1
  if (from === 0) return undefined
  const rest = words.slice(from)
  const end = rest.findIndex((word) => word.startsWith('--'))
  return rest.slice(0, end < 0 ? undefined : end).map((file) => [file, fs.readFileSync(file, 'utf8')])
}

async function postgres(url) {
  const { PrismaPg } = await load('@prisma/adapter-pg')
  const { default: pg } = await load('pg')
  const connect = async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    const adapter = await new PrismaPg(pool).connect()
    const dispose = adapter.dispose.bind(adapter)
    adapter.executeScript = async (script) => {
      await pool.query(script) // whole, as the native engine sends it
    }
    adapter.dispose = async () => {
      await dispose()
      if (!pool.ended) await pool.end()
    }
    return adapter
  }
  const connectToShadowDb = () => Promise.reject(new Error('no shadow database in these tests'))
  return { provider: 'postgres', adapterName: '@prisma/adapter-pg', connect, connectToShadowDb }
}

async function sqlite(url) {
  const { PrismaLibSql } = await load('@prisma/adapter-libsql')
  return new PrismaLibSql({ url })
}

async function engine(factory) {
  const { bindMigrationAwareSqlAdapterFactory } = await load('@prisma/driver-adapter-utils')
  const folder = path.dirname(packages.resolve('@prisma/schema-engine-wasm'))
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (text) => process.stderr.write(text) }
  const glue = await import(pathToFileURL(path.join(folder, 'schema_engine_bg.js')))
  const code = fs.readFileSync(path.join(folder, 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(code, { './schema_engine_bg.js': glue })
  glue.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  const bound = bindMigrationAwareSqlAdapterFactory(factory)
  return glue.SchemaEngine.new({ datamodels: schemas() }, () => {}, bound)
}

function failure(error) {
  const code = error.code ?? error.error_code
  const data = { is_panic: false, message: String(error.message ?? error), meta: error.meta ?? null }
  return { code: 4466, message: 'see data', data: code ? { ...data, error_code: code } : { ...data, backtrace: null } }
}

if (words.includes('--version')) {
  console.log('schema-engine-cli in WebAssembly')
  process.exit(0)
}
const { url } = JSON.parse(after('--datasource') ?? '{}')
const factory = /^postgres/.test(url) ? await postgres(url) : await sqlite(url)
if (words.includes('cli')) {
  await (await factory.connect()).dispose() // can-connect-to-database
  process.exit(0)
}
const prisma = await engine(factory)
for await (const line of readline.createInterface({ input: process.stdin })) {
  const request = line.trim() ? JSON.parse(line) : {}
  if (!request.method) continue
  const method = { getDatabaseVersion: 'version' }[request.method] ?? request.method
  let answer
  try {
    answer = { result: (await prisma[method](request.params)) ?? null }
  } catch (error) {
    answer = { error: failure(error) }
  }
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id: request.id, ...answer }) + '\n')
}
process.exit(0)
