-- case: comments-name-a-drop
-- role: safe
# DROP TABLE customers;
-- DELETE FROM customers;
/* TRUNCATE TABLE customers; */
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL; # ALTER TABLE customers DROP COLUMN city;

-- case: string-names-a-drop
-- role: safe
INSERT INTO journal (at, topic, detail, ref) VALUES (NOW(), 'note', 'then DROP TABLE customers; -- it''s only text', 1), (NOW(), "note", "DELETE FROM customers; \" # TRUNCATE", 2);

-- case: version-comment-runs
-- role: hazard
/*!40101 DROP TABLE journal */;

-- case: version-comment-of-mariadb-runs
-- role: hazard
/*M!100100 TRUNCATE TABLE preferences */;

-- case: version-comment-without-a-number-runs
-- role: hazard
/*! DELETE FROM journal */;

-- case: version-comment-inside-runs
-- role: hazard
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL /*!50000 , DROP COLUMN bio */;

-- case: version-comment-for-a-later-server
-- role: safe
/*!999999 DROP TABLE journal */;
SELECT 1;

-- case: version-comments-of-a-dump
-- role: safe
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
CREATE TABLE `reviews` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `txt` text DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
LOCK TABLES `reviews` WRITE;
/*!40000 ALTER TABLE `reviews` DISABLE KEYS */;
INSERT INTO `reviews` VALUES (1,'good'),(2,'not; so');
/*!40000 ALTER TABLE `reviews` ENABLE KEYS */;
UNLOCK TABLES;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;

-- case: dump-of-a-table-that-is-there
-- role: hazard
DROP TABLE IF EXISTS `preferences`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
CREATE TABLE `preferences` (
  `name` varchar(50) NOT NULL, `value` varchar(200) DEFAULT NULL, `note` varchar(200) DEFAULT NULL, `changed` int(11) NOT NULL DEFAULT 0,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
LOCK TABLES `preferences` WRITE;
INSERT INTO `preferences` VALUES ('key1','value 1','note 1',1);
UNLOCK TABLES;

-- case: procedure-defined-only
-- role: safe
DELIMITER //
CREATE PROCEDURE tidy(IN days INT)
BEGIN
  DELETE FROM journal WHERE at < NOW() - INTERVAL days DAY;
  TRUNCATE TABLE preferences;
END//
DELIMITER ;

-- case: procedure-defined-and-called
-- role: hazard
DELIMITER $$
CREATE PROCEDURE tidy()
BEGIN
  DECLARE n INT DEFAULT 0;
  SELECT COUNT(*) INTO n FROM journal;
  IF n > 10 THEN
    DELETE FROM journal;
  END IF;
END$$
DELIMITER ;
CALL tidy();
DROP PROCEDURE tidy;

-- case: procedure-without-delimiter
-- role: hazard
CREATE PROCEDURE tidy() DELETE FROM journal;
CALL tidy;

-- case: procedure-there-before-called
-- role: hazard
-- setup: CREATE PROCEDURE tidy() DELETE FROM journal;
CALL tidy();

-- case: procedure-unknown-called
-- role: hazard
CALL not_known_here(5);

-- case: procedure-adds-column-if-missing
-- role: hazard
DELIMITER //
CREATE PROCEDURE add_phone()
BEGIN
  IF NOT EXISTS (SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'customers' AND COLUMN_NAME = 'total_points') THEN
    ALTER TABLE customers MODIFY COLUMN points BIGINT NOT NULL DEFAULT 0;
  END IF;
END //
DELIMITER ;
CALL add_phone();
DROP PROCEDURE add_phone;

-- case: procedure-harmless-called
-- role: safe
DELIMITER //
CREATE PROCEDURE add_phone()
BEGIN
  DECLARE CONTINUE HANDLER FOR 1060 BEGIN END;
  ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL;
END //
DELIMITER ;
CALL add_phone();
DROP PROCEDURE add_phone;

-- case: procedure-loop-of-batches
-- role: hazard
DELIMITER //
CREATE PROCEDURE forget()
BEGIN
  DECLARE done INT DEFAULT 0;
  REPEAT
    UPDATE customers SET bio = NULL WHERE bio IS NOT NULL LIMIT 1000;
    SET done = ROW_COUNT() = 0;
  UNTIL done END REPEAT;
END //
DELIMITER ;
CALL forget();

-- case: function-defined-only
-- role: safe
CREATE FUNCTION with_tax(p DECIMAL(12,4)) RETURNS DECIMAL(12,4) DETERMINISTIC RETURN p * 1.081;

-- case: function-that-deletes-called
-- role: hazard
DELIMITER //
CREATE FUNCTION forget_all() RETURNS INT MODIFIES SQL DATA
BEGIN
  DELETE FROM journal;
  RETURN 1;
END //
DELIMITER ;
SELECT forget_all();

-- case: trigger-defined
-- role: advisory
DELIMITER //
CREATE TRIGGER customers_log AFTER UPDATE ON customers FOR EACH ROW
BEGIN
  INSERT INTO journal (at, topic, ref) VALUES (NOW(), 'changed', NEW.id);
END //
DELIMITER ;

-- case: trigger-that-refuses-old-writes
-- role: hazard
DELIMITER //
CREATE TRIGGER journal_guard BEFORE INSERT ON journal FOR EACH ROW
BEGIN
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'closed';
END //
DELIMITER ;

-- case: trigger-that-deletes
-- role: advisory
CREATE TRIGGER purchases_gone AFTER DELETE ON purchases FOR EACH ROW DELETE FROM journal WHERE ref = OLD.id;

-- case: event-defined
-- role: advisory
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM journal WHERE at < NOW() - INTERVAL 1 YEAR;

-- case: prepare-execute
-- role: hazard
SET @sql = CONCAT('DROP TABLE ', 'journal');
PREPARE s FROM @sql;
EXECUTE s;
DEALLOCATE PREPARE s;

-- case: prepare-if-column-missing
-- role: advisory
SET @sql = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL', 'SELECT 1') FROM information_schema.columns WHERE table_name = 'customers' AND column_name = 'phone' AND table_schema = DATABASE());
PREPARE s FROM @sql;
EXECUTE s;

-- case: execute-immediate-literal
-- role: hazard
EXECUTE IMMEDIATE 'DELETE FROM journal';

-- case: compound-statement
-- role: hazard
DELIMITER //
BEGIN NOT ATOMIC
  IF (SELECT COUNT(*) FROM journal) > 5 THEN
    TRUNCATE TABLE journal;
  END IF;
END //
DELIMITER ;

-- case: transaction-around-dml
-- role: hazard
START TRANSACTION;
DELETE FROM purchase_lines WHERE quantity > 200;
COMMIT;

-- case: transaction-rolled-back
-- role: advisory
START TRANSACTION;
DELETE FROM purchase_lines WHERE quantity > 200;
ROLLBACK;

-- case: transaction-around-ddl
-- role: safe
START TRANSACTION;
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL;
ALTER TABLE purchases ADD COLUMN phone VARCHAR(20) NULL;
COMMIT;

-- case: autocommit-off
-- role: safe
SET autocommit = 0;
INSERT INTO preferences (name, value) VALUES ('theme', 'dark');
COMMIT;

-- case: second-of-two-fails
-- role: hazard
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL;
ALTER TABLE customers ADD COLUMN city VARCHAR(60) NULL;

-- case: session-settings
-- role: safe
SET SESSION lock_wait_timeout = 5, innodb_lock_wait_timeout = 5;
SET @@session.sql_mode = 'STRICT_ALL_TABLES';
SET NAMES utf8mb4;
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL;

-- case: set-statement-for
-- role: safe
SET STATEMENT max_statement_time = 10 FOR ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL;

-- case: set-statement-for-heavy
-- role: hazard
SET STATEMENT max_statement_time = 100 FOR ALTER TABLE customers MODIFY points BIGINT NOT NULL DEFAULT 0;

-- case: set-alter-algorithm-instant
-- role: hazard
SET SESSION alter_algorithm = 'INSTANT';
ALTER TABLE customers MODIFY points BIGINT NOT NULL DEFAULT 0;

-- case: alter-wait
-- role: safe
ALTER TABLE customers WAIT 5 ADD COLUMN phone VARCHAR(20) NULL;

-- case: alter-online
-- role: safe
ALTER ONLINE TABLE customers ADD COLUMN phone VARCHAR(20) NULL;

-- case: alter-online-heavy-fails
-- role: hazard
ALTER ONLINE TABLE customers MODIFY points BIGINT NOT NULL DEFAULT 0;

-- case: unfinished-string
-- role: hazard
UPDATE preferences SET value = 'never ends;

-- case: misspelt
-- role: hazard
ALTR TABLE customers ADD COLUMN phone VARCHAR(20);

-- case: qualified-by-own-database
-- role: advisory
ALTER TABLE shop.customers ADD COLUMN phone VARCHAR(20) NULL;

-- case: use-own-database
-- role: advisory
USE shop;
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL;

-- case: do-release-lock
-- role: advisory
DO RELEASE_LOCK('migration');

-- case: select-function-of-server
-- role: safe
SELECT NOW(), VERSION(), DATABASE(), COALESCE(NULL, 1), JSON_EXTRACT('{"a": 1}', '$.a'), DATE_FORMAT(NOW(), '%Y'), IF(1, 2, 3), GROUP_CONCAT(name) FROM preferences;

-- case: update-new-column-with-functions
-- role: safe
ALTER TABLE items ADD COLUMN slug VARCHAR(80) NULL;
UPDATE items SET slug = LOWER(REGEXP_REPLACE(REPLACE(title, ' ', '-'), '[^a-z0-9-]', '')) WHERE id BETWEEN 1 AND 500;

-- case: create-view
-- role: safe
CREATE ALGORITHM=MERGE DEFINER=CURRENT_USER SQL SECURITY INVOKER VIEW busy AS SELECT customer_id, COUNT(*) AS n FROM purchases GROUP BY customer_id;
