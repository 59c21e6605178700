DELETE FROM faber_db.used_approvals;
