-- What a person can do about the reason of a slot's last failure; NULL: nothing is known.
ALTER TABLE slot ADD COLUMN hint TEXT;
