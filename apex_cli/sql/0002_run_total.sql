-- What the runs measured, added up as each run ends: summing the summaries of a year of runs takes seconds.
-- `label` and `sublabel` are '' where a measure has none.

CREATE TABLE run_total (
    measure  text NOT NULL,
    label    text NOT NULL,
    sublabel text NOT NULL,
    value    double precision NOT NULL,
    PRIMARY KEY (measure, label, sublabel)
);

-- Runs of the version before this one counted by outcome alone.
INSERT INTO run_total (measure, label, sublabel, value)
SELECT 'by_source', 'unknown', outcome, sum((summary ->> outcome)::double precision)
FROM run, unnest(ARRAY['committed', 'updated', 'unchanged', 'failed', 'pending', 'forgotten']) AS outcome
WHERE summary ? outcome
GROUP BY outcome
UNION ALL
SELECT measure, '', '', sum((summary ->> measure)::double precision)
FROM run, unnest(ARRAY['inputs', 'recovered', 'llm_calls', 'tokens', 'cost_usd']) AS measure
WHERE summary ? measure
GROUP BY measure;
