-- Removes people, addresses and logins.
DROP TABLE spotter.login;
DROP TABLE spotter.account_email;
DROP TABLE spotter.app_user;
