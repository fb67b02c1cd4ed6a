-- restart_upto: a person asked for new instances; those up to that generation are to be replaced.
-- healed: how often somebody changed the slot's instance behind our back and it was set back.
-- fights and fight_since_us: how often in the window of a fight that began then; 0 when there is
-- none.
ALTER TABLE slot ADD COLUMN restart_upto INTEGER NOT NULL DEFAULT 0 CHECK (restart_upto >= 0);
ALTER TABLE slot ADD COLUMN healed INTEGER NOT NULL DEFAULT 0 CHECK (healed >= 0);
ALTER TABLE slot ADD COLUMN fights INTEGER NOT NULL DEFAULT 0 CHECK (fights >= 0);
ALTER TABLE slot ADD COLUMN fight_since_us INTEGER NOT NULL DEFAULT 0;
