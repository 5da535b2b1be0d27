"""What two sites differ in, and that nothing else differs: `sites` walks from one to the other, field by field."""
