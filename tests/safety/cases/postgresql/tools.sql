-- case: prisma-create-table
-- role: safe
-- CreateTable
CREATE TABLE "Post" (
    "id" SERIAL NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "title" TEXT NOT NULL,
    "published" BOOLEAN NOT NULL DEFAULT false,
    "authorId" BIGINT,

    CONSTRAINT "Post_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Post_authorId_idx" ON "Post"("authorId");

-- AddForeignKey
ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
-- case: prisma-add-optional-column
-- role: safe
-- AlterTable
ALTER TABLE "users" ADD COLUMN     "avatarUrl" TEXT,
ADD COLUMN     "locale" VARCHAR(8) NOT NULL DEFAULT 'en';
-- case: prisma-add-required-column
-- role: hazard
/*
  Warnings:

  - Added the required column `tenantId` to the `orders` table without a default value. This is not possible if the table is not empty.

*/
-- AlterTable
ALTER TABLE "orders" ADD COLUMN     "tenantId" INTEGER NOT NULL;
-- case: prisma-unique-index
-- role: hazard
/*
  Warnings:

  - A unique constraint covering the columns `[external_id]` on the table `users` will be added. If there are existing duplicate values, this will fail.

*/
-- CreateIndex
CREATE UNIQUE INDEX "users_external_id_key" ON "users"("external_id");
-- case: prisma-add-foreign-key
-- role: hazard
-- AddForeignKey
ALTER TABLE "orders" ADD CONSTRAINT "orders_product_id_fkey" FOREIGN KEY ("product_id") REFERENCES "products"("id") ON DELETE SET NULL ON UPDATE CASCADE;
-- case: prisma-change-of-foreign-key
-- role: hazard
-- DropForeignKey
ALTER TABLE "orders" DROP CONSTRAINT "orders_user_id_fkey";

-- AddForeignKey
ALTER TABLE "orders" ADD CONSTRAINT "orders_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
-- case: prisma-enum-swap
-- role: hazard
/*
  Warnings:

  - The values [shipped] on the enum `plan` will be removed. If these variants are still used in the database, this will fail.

*/
-- AlterEnum
BEGIN;
CREATE TYPE "plan_new" AS ENUM ('free', 'team', 'company');
ALTER TABLE "users" ALTER COLUMN "plan" DROP DEFAULT;
ALTER TABLE "users" ALTER COLUMN "plan" TYPE "plan_new" USING ("plan"::text::"plan_new");
ALTER TYPE "plan" RENAME TO "plan_old";
ALTER TYPE "plan_new" RENAME TO "plan";
DROP TYPE "plan_old";
ALTER TABLE "users" ALTER COLUMN "plan" SET DEFAULT 'free';
COMMIT;
-- case: prisma-enum-add-value
-- role: safe
-- transaction: none
-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration.


ALTER TYPE "order_status" ADD VALUE 'RETURNED';
ALTER TYPE "order_status" ADD VALUE 'LOST';
-- case: prisma-retyped-column
-- role: hazard
-- AlterTable
ALTER TABLE "products" DROP COLUMN "stock",
ADD COLUMN     "stock" TEXT;
-- case: prisma-set-data-type
-- role: hazard
-- AlterTable
ALTER TABLE "users" ALTER COLUMN "created_at" SET DATA TYPE TIMESTAMP(3),
ALTER COLUMN "created_at" SET DEFAULT CURRENT_TIMESTAMP;
-- case: prisma-rename-index
-- role: safe
-- RenameIndex
ALTER INDEX "orders_status_idx" RENAME TO "orders_by_status";
-- case: prisma-drop-default
-- role: safe
-- AlterTable
ALTER TABLE "reporting"."daily" ALTER COLUMN "orders" DROP DEFAULT;
-- case: rails-structure-safe
-- role: safe
-- transaction: none
CREATE INDEX CONCURRENTLY "index_orders_on_reference" ON "orders" ("reference");
INSERT INTO "settings" (key) VALUES ('20260101120000') ON CONFLICT DO NOTHING;
-- case: rails-add-reference
-- role: hazard
ALTER TABLE "orders" ADD "warehouse_id" bigint;
CREATE INDEX "index_orders_on_warehouse_id" ON "orders" ("warehouse_id");
-- case: rails-add-reference-to-new-table
-- role: hazard
CREATE TABLE "warehouses" ("id" bigserial primary key, "name" character varying, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL);
ALTER TABLE "orders" ADD "warehouse_id" bigint;
ALTER TABLE "orders" ADD CONSTRAINT "fk_rails_0123456789" FOREIGN KEY ("warehouse_id") REFERENCES "warehouses" ("id");
-- case: rails-create-table
-- role: safe
CREATE TABLE "comments" ("id" bigserial primary key, "user_id" bigint NOT NULL, "body" text, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL, CONSTRAINT "fk_rails_03de2dc08c"
FOREIGN KEY ("user_id")
  REFERENCES "users" ("id")
);
CREATE INDEX "index_comments_on_user_id" ON "comments" ("user_id");
-- case: rails-change-column-null
-- role: hazard
ALTER TABLE "users" ALTER COLUMN "full_name" SET NOT NULL;
-- case: rails-change-column-null-with-default
-- role: hazard
UPDATE "users" SET "nickname" = '' WHERE "nickname" IS NULL;
ALTER TABLE "users" ALTER COLUMN "nickname" SET NOT NULL;
-- case: rails-validate-check
-- role: safe
-- transaction: none
ALTER TABLE "products" ADD CONSTRAINT "chk_rails_price" CHECK (price IS NOT NULL) NOT VALID;
ALTER TABLE "products" VALIDATE CONSTRAINT "chk_rails_price";
ALTER TABLE "products" DROP CONSTRAINT "chk_rails_price";
-- case: rails-rename-table
-- role: hazard
ALTER TABLE "settings" RENAME TO "preferences";
ALTER INDEX "settings_pkey" RENAME TO "preferences_pkey";
-- case: django-add-field-with-default
-- role: hazard
BEGIN;
ALTER TABLE "users" ADD COLUMN "is_staff" boolean DEFAULT false NOT NULL;
ALTER TABLE "users" ALTER COLUMN "is_staff" DROP DEFAULT;
COMMIT;
-- case: django-add-unique-field
-- role: hazard
BEGIN;
ALTER TABLE "products" ADD COLUMN "code" varchar(20) NULL UNIQUE;
CREATE INDEX "products_code_7cc0a2_like" ON "products" ("code" varchar_pattern_ops);
COMMIT;
-- case: django-add-foreign-key
-- role: hazard
BEGIN;
ALTER TABLE "products" ADD COLUMN "team_id" text NULL CONSTRAINT "products_team_id_c0c3a3_fk_teams_code" REFERENCES "teams"("code") DEFERRABLE INITIALLY DEFERRED; SET CONSTRAINTS "products_team_id_c0c3a3_fk_teams_code" IMMEDIATE;
CREATE INDEX "products_team_id_c0c3a3" ON "products" ("team_id");
COMMIT;
-- case: django-alter-field-char-longer
-- role: safe
BEGIN;
ALTER TABLE "users" ALTER COLUMN "handle" TYPE varchar(120);
COMMIT;
-- case: django-alter-field-integer-to-big
-- role: hazard
BEGIN;
ALTER TABLE "products" ALTER COLUMN "stock" TYPE bigint USING "stock"::bigint;
COMMIT;
-- case: django-add-index-concurrently
-- role: safe
-- transaction: none
CREATE INDEX CONCURRENTLY "orders_placed__7d3a1c_idx" ON "orders" ("placed_at" DESC);
-- case: django-data-migration-in-schema-migration
-- role: hazard
BEGIN;
ALTER TABLE "users" ADD COLUMN "region" varchar(20) NULL;
UPDATE "users" SET "region" = 'eu' WHERE "users"."zip" LIKE '0%';
COMMIT;
-- case: alembic-version-and-column
-- role: safe
BEGIN;

-- Running upgrade 1a2b3c -> 4d5e6f

ALTER TABLE users ADD COLUMN last_login TIMESTAMP WITH TIME ZONE;

INSERT INTO settings (key, value) VALUES ('version', '4d5e6f');

COMMIT;
-- case: alembic-server-default
-- role: safe
ALTER TABLE users ADD COLUMN archived BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE users ADD COLUMN modified TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL;
-- case: alembic-alter-type
-- role: hazard
ALTER TABLE users ALTER COLUMN phone TYPE VARCHAR(64);
-- case: alembic-create-unique-constraint
-- role: hazard
ALTER TABLE users ADD CONSTRAINT uq_users_external UNIQUE (external_id, email);
-- case: typeorm-add-enum-column
-- role: safe
CREATE TYPE "public"."users_role_enum" AS ENUM('admin', 'member');
ALTER TABLE "users" ADD "role" "public"."users_role_enum" NOT NULL DEFAULT 'member';
-- case: typeorm-enum-change
-- role: hazard
ALTER TYPE "public"."plan" RENAME TO "plan_old";
CREATE TYPE "public"."plan" AS ENUM('free', 'team', 'company', 'school');
ALTER TABLE "users" ALTER COLUMN "plan" DROP DEFAULT;
ALTER TABLE "users" ALTER COLUMN "plan" TYPE "public"."plan" USING "plan"::"text"::"public"."plan";
ALTER TABLE "users" ALTER COLUMN "plan" SET DEFAULT 'free';
DROP TYPE "public"."plan_old";
-- case: typeorm-drop-and-add-column
-- role: hazard
ALTER TABLE "users" DROP COLUMN "bio";
ALTER TABLE "users" ADD "bio" text;
-- case: typeorm-uuid-column
-- role: hazard
CREATE EXTENSION IF NOT EXISTS "plpgsql";
ALTER TABLE "orders" ADD "uuid" uuid NOT NULL DEFAULT gen_random_uuid();
-- case: typeorm-relation
-- role: hazard
ALTER TABLE "orders" ADD "teamCode" text;
ALTER TABLE "orders" ADD CONSTRAINT "FK_2f2c39a9491ac1a6e2d7827bb53" FOREIGN KEY ("teamCode") REFERENCES "teams"("code") ON DELETE NO ACTION ON UPDATE NO ACTION;
-- case: flyway-several-objects
-- role: safe
SET search_path = public;
CREATE TABLE IF NOT EXISTS invoices (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id BIGINT NOT NULL REFERENCES orders (id), sent_at TIMESTAMPTZ);
CREATE INDEX IF NOT EXISTS invoices_order_id ON invoices (order_id);
COMMENT ON TABLE invoices IS 'one per order';
GRANT SELECT ON invoices TO shop_reader;
-- case: flyway-guarded-column
-- role: safe
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'city') THEN
        ALTER TABLE users ADD COLUMN city text;
    END IF;
END $$;
-- case: flyway-guarded-constraint
-- role: hazard
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'price_positive') THEN
        ALTER TABLE products ADD CONSTRAINT price_positive CHECK (price > 0);
    END IF;
END $$;
-- case: knex-timestamps
-- role: safe
alter table "products" add column "created_at" timestamptz default CURRENT_TIMESTAMP, add column "updated_at" timestamptz default CURRENT_TIMESTAMP;
-- case: drizzle-statements
-- role: hazard
ALTER TABLE "orders" ADD COLUMN "team" text;--> statement-breakpoint
DO $$ BEGIN
 ALTER TABLE "orders" ADD CONSTRAINT "orders_team_teams_code_fk" FOREIGN KEY ("team") REFERENCES "public"."teams"("code") ON DELETE cascade ON UPDATE no action;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
-- case: drizzle-set-not-null
-- role: hazard
ALTER TABLE "orders" ALTER COLUMN "note" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "orders" ALTER COLUMN "note" SET DEFAULT '';
-- case: ecto-index
-- role: hazard
CREATE INDEX "audit_log_actor_index" ON "audit_log" ("actor");
-- case: sequelize-add-column
-- role: safe
ALTER TABLE "public"."orders" ADD COLUMN "deletedAt" TIMESTAMP WITH TIME ZONE;
-- case: liquibase-not-null-with-default
-- role: hazard
UPDATE public.products SET description = '' WHERE description IS NULL;
ALTER TABLE public.products ALTER COLUMN description SET NOT NULL;
-- case: goose-statement
-- role: hazard
-- +goose Up
-- +goose StatementBegin
ALTER TABLE sessions ADD CONSTRAINT expires_later CHECK (expires_at > '2000-01-01');
-- +goose StatementEnd
-- case: safe-plan-of-four-files-expand
-- role: safe
ALTER TABLE products ADD COLUMN price_cents bigint;
ALTER TABLE products ADD CONSTRAINT price_cents_nn CHECK (price_cents IS NOT NULL) NOT VALID;
ALTER TABLE products DROP CONSTRAINT price_cents_nn;
