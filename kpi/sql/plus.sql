-- sum() of money in many small groups. sum() keeps a wide accumulator per group, worth its while over thousands of rows;
-- a client's day has nine lines, and there it takes most of the time and memory. The result is the same number.
CREATE AGGREGATE kpi_plus(numeric) (SFUNC = numeric_add, STYPE = numeric, COMBINEFUNC = numeric_add, PARALLEL = SAFE);
