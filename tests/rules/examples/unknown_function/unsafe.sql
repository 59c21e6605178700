SELECT clean_up();
