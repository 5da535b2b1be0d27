package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// tokenPrefix makes a token that leaked recognisable, to people and scanners.
const tokenPrefix = "arcos_"

// Token is a personal access token; nobody can read its secret again.
type Token struct {
	ID      int64
	Person  string
	Label   string
	Created time.Time
	Expires time.Time
	Used    *time.Time
}

// Store keeps people's tokens and, with them, the groups they had at their last sign-on.
type Store interface {
	Seen(ctx context.Context, who Identity) error
	Create(ctx context.Context, person, label string, hash []byte, expires time.Time) error
	List(ctx context.Context, person string) ([]Token, error) // everybody's with ""
	Revoke(ctx context.Context, person string, id int64) error
	Find(ctx context.Context, hash []byte) (Identity, error)
}

// newToken is a secret of 256 bits; so much chance needs no slow hash.
func newToken() (string, []byte) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails: it ends the program instead
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	return token, hash(token)
}

func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Database keeps them in PostgreSQL.
type Database struct{ pool *pgxpool.Pool }

const schema = `
CREATE TABLE IF NOT EXISTS person (
	name text PRIMARY KEY, groups text[] NOT NULL, seen timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS token (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	person text NOT NULL REFERENCES person ON DELETE CASCADE,
	label text NOT NULL, hash bytea NOT NULL UNIQUE,
	created timestamptz NOT NULL DEFAULT now(), expires timestamptz NOT NULL, used timestamptz);`

// NewDatabase does not wait for the database: robots and pulls need none.
func NewDatabase(ctx context.Context, url, passwordFile string) (*Database, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns, config.MinConns = 4, 0
	config.ConnConfig.ConnectTimeout = 3 * time.Second
	config.BeforeConnect = func(_ context.Context, to *pgx.ConnConfig) error {
		password, err := readSecret(passwordFile) // each time: it may have been rotated
		to.Password = password
		return err
	}
	config.AfterConnect = func(ctx context.Context, to *pgx.Conn) error {
		_, err := to.Exec(ctx, schema)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	return &Database{pool: pool}, err
}

// Seen notes who signed on with which groups, and forgets what has expired.
func (d *Database) Seen(ctx context.Context, who Identity) error {
	groups := who.Groups
	if groups == nil {
		groups = []string{}
	}
	_, err := d.pool.Exec(ctx, `INSERT INTO person (name, groups, seen) VALUES ($1, $2, now())
		ON CONFLICT (name) DO UPDATE SET groups = excluded.groups, seen = now()`, who.Name, groups)
	if err == nil {
		_, err = d.pool.Exec(ctx, `DELETE FROM token WHERE expires < now()`)
	}
	return err
}

// Create keeps the hash of a new token.
func (d *Database) Create(ctx context.Context, person, label string, hash []byte, expires time.Time) error {
	_, err := d.pool.Exec(ctx, `INSERT INTO token (person, label, hash, expires) VALUES ($1, $2, $3, $4)`,
		person, label, hash, expires)
	return err
}

// List is somebody's tokens, or everybody's.
func (d *Database) List(ctx context.Context, person string) ([]Token, error) {
	rows, err := d.pool.Query(ctx, `SELECT id, person, label, created, expires, used FROM token
		WHERE ($1 = '' OR person = $1) AND expires > now() ORDER BY person, created LIMIT 1000`, person)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Token])
}

// Revoke ends a token; it must be the person's, or anybody's with "".
func (d *Database) Revoke(ctx context.Context, person string, id int64) error {
	_, err := d.pool.Exec(ctx, `DELETE FROM token WHERE id = $1 AND ($2 = '' OR person = $2)`, id, person)
	return err
}

// Find is whose token it is, and which groups they had when they were last here.
func (d *Database) Find(ctx context.Context, hash []byte) (Identity, error) {
	var who Identity
	err := d.pool.QueryRow(ctx, `UPDATE token SET used = now() FROM person
		WHERE token.hash = $1 AND token.expires > now() AND person.name = token.person
		RETURNING person.name, person.groups`, hash).Scan(&who.Name, &who.Groups)
	if errors.Is(err, pgx.ErrNoRows) {
		err = errStranger
	}
	return who, err
}
