"""The plainest signs in some languages other than English."""

import re

from faber_db.detect.indicator import ChangeKind as Kind
from faber_db.detect.indicator import Indicator, Where, sign


def _anywhere(weight: float, pattern: str, kind: Kind) -> Indicator:
    """For scripts that put no space between words."""
    return Indicator("other language", weight, re.compile(pattern), kind, Where.TEXT)


SIGNS = (
    # Spanish, Portuguese, French, Italian
    sign(
        "other language",
        1.8,
        r"(?:tablas?|tabelas?|tabel(?:la|le)) (?:de|que|para|nueva|nova|da|do|pour|per)|(?:nueva|nova|nouvelle|nuova) (?:tabla|tabela|table|tabella)|ninguna tabla|base (?:de datos|de dados|de donn\w+)|banco de dados",
        Kind.CREATE_TABLE,
    ),
    sign(
        "other language",
        1.8,
        r"(?:a[nñ]adir|agregar|adicionar|ajouter|aggiungere|crear|criar) (?:\w+ ){0,3}(?:columnas?|colunas?|colonnes?|colonn[ae]|campos?|champs?|campo|[ií]ndices?|index|[ií]ndice)",
        Kind.ADD_COLUMN,
    ),
    sign(
        "other language",
        1.5,
        r"auditor[ií]a|migraci[oó]n(?:es)?|migra[cç][aã]o|migrazione",
        Kind.CREATE_TABLE,
    ),
    # German, Dutch, Danish, Swedish, Norwegian
    sign(
        "other language",
        1.8,
        r"(?:neue|eigene|zus[aä]tzliche|nieuwe|ny) (?:\w+ )?(?:tabelle|spalte|tabel|kolom|tabell|kolonne)|datenbank\w*|fremdschl[uü]ssel|datenmigration|databas(?:en|e?migration)",
        Kind.CREATE_TABLE,
    ),
    sign(
        "other language",
        1.8,
        r"(?:spalten?|felder|feld|kolom|kolonne) (?:\w+ ){0,4}(?:hinzuf[uü]gen|erg[aä]nzen|toevoegen|tilf[oø]j|legg)",
        Kind.ADD_COLUMN,
    ),
    sign(
        "other language",
        1.3,
        r"bed[oø]m\w*|bewert(?:en|ung\w*)|favoriten|merken|stjerner|anmeldelser|v(?:alorar|aloraci[oó]n)|avaliar|noter",
        Kind.CREATE_TABLE,
    ),
    # Chinese, Japanese, Korean, Russian
    _anywhere(
        1.8, r"数据表|数据库|新建表|建表|分表|新增字段|添加字段|字段|索引|迁移", Kind.CREATE_TABLE
    ),
    _anywhere(
        1.8, r"テーブル|データベース|カラム|マイグレーション|インデックス", Kind.CREATE_TABLE
    ),
    _anywhere(1.8, r"테이블|데이터베이스|컬럼|마이그레이션", Kind.CREATE_TABLE),
    _anywhere(
        1.8, r"(?i)таблиц\w*|баз[аеуы] данных|столбец|колонк\w+|миграци\w+", Kind.CREATE_TABLE
    ),
)
