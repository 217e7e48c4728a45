-- actions_schema: where the replay puts each day's actions, under the name that the night reads them by.
create schema actions
