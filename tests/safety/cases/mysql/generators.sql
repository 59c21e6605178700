-- case: prisma-create
-- role: safe
-- CreateTable
CREATE TABLE `Review` (
    `id` INTEGER NOT NULL AUTO_INCREMENT,
    `itemId` INTEGER UNSIGNED NOT NULL,
    `body` VARCHAR(191) NOT NULL,
    `createdAt` DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),

    INDEX `Review_itemId_idx`(`itemId`),
    PRIMARY KEY (`id`)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- AddForeignKey
ALTER TABLE `Review` ADD CONSTRAINT `Review_itemId_fkey` FOREIGN KEY (`itemId`) REFERENCES `items`(`id`) ON DELETE RESTRICT ON UPDATE CASCADE;

-- case: prisma-warning-drop-column
-- role: hazard
/*
  Warnings:

  - You are about to drop the column `zip` on the `customers` table. All the data in the column will be lost.

*/
-- AlterTable
ALTER TABLE `customers` DROP COLUMN `zip`,
    ADD COLUMN `postcode` VARCHAR(10) NULL;

-- case: prisma-modify-required
-- role: hazard
-- AlterTable
ALTER TABLE `customers` MODIFY `city` VARCHAR(191) NOT NULL;

-- case: prisma-modify-optional
-- role: safe
-- AlterTable
ALTER TABLE `customers` MODIFY `token` CHAR(16) NULL;

-- case: prisma-enum-add
-- role: safe
-- AlterTable
ALTER TABLE `customers` MODIFY `level` ENUM('basic', 'plus', 'gold', 'vip') NOT NULL DEFAULT 'basic';

-- case: prisma-redefine-index
-- role: safe
-- RedefineIndex
CREATE INDEX `customers_city_idx` ON `customers`(`city`);
DROP INDEX `customers_city` ON `customers`;

-- case: prisma-unique
-- role: hazard
-- CreateIndex
CREATE UNIQUE INDEX `purchases_coupon_id_key` ON `purchases`(`coupon_id`);

-- case: typeorm-add
-- role: safe
ALTER TABLE `customers` ADD `phone` varchar(255) NULL;

-- case: typeorm-type-change-drops
-- role: hazard
ALTER TABLE `customers` DROP COLUMN `zip`;
ALTER TABLE `customers` ADD `zip` int NULL;

-- case: typeorm-change
-- role: safe
ALTER TABLE `purchases` CHANGE `state` `state` varchar(20) NOT NULL DEFAULT 'created';

-- case: typeorm-relation
-- role: hazard
CREATE TABLE `coupon` (`id` int NOT NULL AUTO_INCREMENT, PRIMARY KEY (`id`)) ENGINE=InnoDB;
ALTER TABLE `purchases` ADD CONSTRAINT `FK_8f1b` FOREIGN KEY (`coupon_id`) REFERENCES `coupon`(`id`) ON DELETE NO ACTION ON UPDATE NO ACTION;

-- case: rails-add-column
-- role: safe
ALTER TABLE `customers` ADD `active` tinyint(1) DEFAULT TRUE NOT NULL;

-- case: rails-change-column-default
-- role: safe
ALTER TABLE `purchases` ALTER COLUMN `state` SET DEFAULT 'new';

-- case: rails-change-column-null
-- role: hazard
ALTER TABLE `customers` CHANGE `first_name` `first_name` varchar(40) NOT NULL;

-- case: rails-add-reference
-- role: hazard
ALTER TABLE `purchases` ADD `supplier_id` int;
CREATE INDEX `index_purchases_on_supplier_id` ON `purchases` (`supplier_id`);
ALTER TABLE `purchases` ADD CONSTRAINT `fk_rails_1` FOREIGN KEY (`supplier_id`) REFERENCES `suppliers` (`id`);

-- case: rails-create-table
-- role: safe
CREATE TABLE `reviews` (`id` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, `txt` text, `created_at` datetime(6) NOT NULL, `updated_at` datetime(6) NOT NULL, INDEX `index_reviews_on_created_at` (`created_at`)) ENGINE=InnoDB;

-- case: rails-change-column
-- role: hazard
ALTER TABLE `customers` CHANGE `points` `points` bigint DEFAULT 0 NOT NULL;

-- case: rails-remove-column
-- role: hazard
ALTER TABLE `customers` DROP COLUMN `full_name`;

-- case: django-add-field
-- role: safe
ALTER TABLE `customers` ADD COLUMN `phone` varchar(20) NULL;

-- case: django-add-field-with-default
-- role: hazard
ALTER TABLE `customers` ADD COLUMN `rank` integer DEFAULT 0 NOT NULL;
ALTER TABLE `customers` ALTER COLUMN `rank` DROP DEFAULT;

-- case: django-alter-field
-- role: safe
ALTER TABLE `purchases` MODIFY `remark` varchar(200) NULL;

-- case: django-many-to-many
-- role: safe
CREATE TABLE `customer_tags` (`id` bigint AUTO_INCREMENT NOT NULL PRIMARY KEY, `customer_id` bigint NOT NULL, `tag` varchar(20) NOT NULL);
ALTER TABLE `customer_tags` ADD CONSTRAINT `customer_tags_uniq` UNIQUE (`customer_id`, `tag`);
ALTER TABLE `customer_tags` ADD CONSTRAINT `customer_tags_customer_fk` FOREIGN KEY (`customer_id`) REFERENCES `customers` (`id`);
CREATE INDEX `customer_tags_tag` ON `customer_tags` (`tag`);

-- case: django-rename-model
-- role: hazard
RENAME TABLE `letters` TO `post`;

-- case: laravel-add
-- role: safe
alter table `customers` add `phone` varchar(255) null after `email`, add `verified_at` timestamp null;

-- case: laravel-drop
-- role: hazard
alter table `items` drop `summary`, drop `weight`;

-- case: laravel-index
-- role: safe
alter table `purchases` add index `purchases_placed_at_index`(`placed_at`);

-- case: laravel-unique
-- role: advisory
alter table `items` add unique `items_title_unique`(`title`);

-- case: laravel-foreign
-- role: hazard
alter table `journal` add constraint `journal_ref_foreign` foreign key (`ref`) references `customers` (`id`) on delete cascade;

-- case: laravel-create
-- role: safe
create table `jobs` (`id` bigint unsigned not null auto_increment primary key, `queue` varchar(255) not null, `payload` longtext not null, `attempts` tinyint unsigned not null, `reserved_at` int unsigned null) default character set utf8mb4 collate 'utf8mb4_unicode_ci';
alter table `jobs` add index `jobs_queue_index`(`queue`);

-- case: laravel-change
-- role: hazard
alter table `customers` modify `first_name` varchar(255) null;

-- case: sequelize-add
-- role: safe
ALTER TABLE `customers` ADD `phone` VARCHAR(255);

-- case: sequelize-change
-- role: hazard
ALTER TABLE `customers` CHANGE `points` `points` VARCHAR(255);

-- case: sequelize-remove
-- role: hazard
ALTER TABLE `customers` DROP `token`;

-- case: flyway-mixed
-- role: hazard
-- V7__orders.sql
CREATE TABLE order_states (code VARCHAR(20) NOT NULL PRIMARY KEY, label VARCHAR(50) NOT NULL);
INSERT INTO order_states (code, label) VALUES ('open', 'Open'), ('paid', 'Paid'), ('sent', 'Sent');
ALTER TABLE purchases ADD CONSTRAINT purchases_state_fk FOREIGN KEY (state) REFERENCES order_states (code);

-- case: flyway-soft-delete
-- role: safe
ALTER TABLE customers ADD COLUMN deleted_at DATETIME NULL, ADD INDEX customers_deleted (deleted_at);

-- case: flyway-split-name
-- role: hazard
ALTER TABLE customers ADD COLUMN given VARCHAR(60) NULL, ADD COLUMN family VARCHAR(60) NULL;
UPDATE customers SET given = SUBSTRING_INDEX(full_name, ' ', 1), family = SUBSTRING_INDEX(full_name, ' ', -1);
ALTER TABLE customers DROP COLUMN full_name;

-- case: liquibase-default
-- role: advisory
ALTER TABLE shop.purchases ADD priority INT DEFAULT 0 NOT NULL COMMENT 'lower is sooner';

-- case: ghost-like-copy
-- role: safe
CREATE TABLE _purchases_gho LIKE purchases;
ALTER TABLE _purchases_gho MODIFY remark VARCHAR(500) NULL;
INSERT INTO _purchases_gho SELECT * FROM purchases;
RENAME TABLE purchases TO _purchases_del, _purchases_gho TO purchases;

-- case: doctrine-change
-- role: hazard
ALTER TABLE purchases CHANGE total total NUMERIC(10, 1) NOT NULL;

-- case: alembic-alter
-- role: safe
ALTER TABLE purchases MODIFY state VARCHAR(30) NOT NULL DEFAULT 'open';

-- case: alembic-drop-index-and-constraint
-- role: safe
DROP INDEX purchases_state ON purchases;
ALTER TABLE purchases DROP FOREIGN KEY purchases_customer_fk;

-- case: hibernate-update
-- role: safe
alter table customers add column loyalty_card varchar(255);
create table loyalty (id bigint not null auto_increment, points integer, primary key (id)) engine=InnoDB;

-- case: dump-with-sandbox-line
-- role: safe
/*!999999\- enable the sandbox mode */
-- MariaDB dump 10.19
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
CREATE TABLE `wishes` (`id` int(11) NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- case: prisma-redefine-default
-- role: safe
-- AlterTable
ALTER TABLE `customers` ALTER COLUMN `points` SET DEFAULT 10;

-- case: prisma-drop-foreign-key-and-index
-- role: safe
-- DropForeignKey
ALTER TABLE `purchases` DROP FOREIGN KEY `purchases_customer_fk`;

-- DropIndex
DROP INDEX `purchases_customer` ON `purchases`;

-- case: laravel-rename-column
-- role: hazard
alter table `customers` rename column `zip` to `postcode`;

-- case: rails-rename-table
-- role: hazard
RENAME TABLE `clicks` TO `page_views`;
