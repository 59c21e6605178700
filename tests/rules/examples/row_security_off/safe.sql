CREATE POLICY other ON products USING (false);
