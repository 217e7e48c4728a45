-- activity_schema: where the replay puts each day's activity, under the name that the night reads it by.
create schema activity
