// tool is the one program of the image that the node's tests run: it waits, serves what it is told, keeps
// what it is given in a file, and asks other pods.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	switch command, argument := argument(1), argument(2); command {
	case "serve": // serve FILE: whatever the file says, and every PUT changes it
		http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				content, _ := io.ReadAll(r.Body)
				check(os.WriteFile(argument, content, 0o600))
			}
			content, err := os.ReadFile(argument)
			if err != nil {
				content = []byte("nothing yet")
			}
			w.Write(content)
		})
		go func() { check(http.ListenAndServe(":8080", nil)) }()
	case "get": // get URL: until it answers
		for !get(argument) {
			time.Sleep(time.Second)
		}
	case "once": // once URL: what it answers, or why it does not
		get(argument)
		return
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
}

func get(url string) bool {
	client := http.Client{Timeout: 3 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		fmt.Println(err)
		return false
	}
	content, _ := io.ReadAll(answer.Body)
	fmt.Println(string(content))
	return true
}

func argument(number int) string {
	if number < len(os.Args) {
		return os.Args[number]
	}
	return ""
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
