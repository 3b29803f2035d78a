// Prints the ARN that the default chain of the SDK for Go 2 leads to, as a JSON string.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err == nil {
		var found *sts.GetCallerIdentityOutput
		endpoint := sts.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL"))
		client := sts.NewFromConfig(cfg, func(o *sts.Options) { o.EndpointResolver = endpoint })
		found, err = client.GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		if err == nil {
			json.NewEncoder(os.Stdout).Encode(aws.ToString(found.Arn))
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
