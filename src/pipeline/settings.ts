/** Settings of every statement of content: a column keeps its meaning where an aggregate of it has the same name. */
export const feature_settings = { prefer_column_name_to_alias: 1 } as const;
