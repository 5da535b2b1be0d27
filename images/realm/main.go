// realm makes a Keycloak realm what a file says, and leaves alone what it does
// not speak of: people, their sessions, their groups.
//
// The file is Keycloak's own realm representation. A value of the form
// "${file:/path}" is the content of that file, so that no secret stands in it.
// It is run as a Job; killed at any moment, the next run goes on.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var version = "development"

// A database that was just made and a Java program that starts take a while.
const patience = 4 * time.Minute

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("realm", version)
		return
	}
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: realm FILE, with KEYCLOAK_URL, KEYCLOAK_CLIENT and KEYCLOAK_SECRET_FILE")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := run(ctx, os.Args[1], os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, file string, env func(string) string) error {
	desired, err := Read(file)
	if err != nil {
		return err
	}
	secret, err := os.ReadFile(env("KEYCLOAK_SECRET_FILE"))
	if err != nil {
		return fmt.Errorf("KEYCLOAK_SECRET_FILE: %w", err)
	}
	api := &API{Server: env("KEYCLOAK_URL"), Client: env("KEYCLOAK_CLIENT"), Secret: string(secret), Pause: 2 * time.Second}
	if err := api.Login(ctx); err != nil {
		return err
	}
	return Converge(ctx, api, desired, func(format string, args ...any) { fmt.Printf(format+"\n", args...) })
}
