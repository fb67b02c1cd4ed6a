-- An address is taken while an instance has it; asked for at every create.
CREATE INDEX instance_address ON instance (runtime, address) WHERE address IS NOT NULL;
