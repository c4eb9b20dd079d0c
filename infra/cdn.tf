# Optional: CloudFront before the load balancer. It serves HTTPS under its own name and caches answers
# for as long as their Cache-Control says. The load balancer is then private, and reachable only through
# this distribution's VPC origin.

resource "aws_cloudfront_vpc_origin" "main" {
  count = var.cdn ? 1 : 0

  vpc_origin_endpoint_config {
    name                   = "${local.name}-${var.region}"
    arn                    = aws_lb.main.arn
    http_port              = 80
    https_port             = 443
    origin_protocol_policy = "http-only"

    origin_ssl_protocols {
      items    = ["TLSv1.2"]
      quantity = 1
    }
  }

  depends_on = [aws_lb_listener.http]
}

resource "aws_cloudfront_distribution" "main" {
  #checkov:skip=CKV_AWS_68:nginx on the instances limits clients; README.md says where WAF would attach
  #checkov:skip=CKV2_AWS_47:As above
  #checkov:skip=CKV_AWS_86:The load balancer's access logs tell what reached the service
  #checkov:skip=CKV_AWS_174:CloudFront's own certificate fixes the protocol itself
  #checkov:skip=CKV2_AWS_42:CloudFront's own name needs no certificate of ours
  #checkov:skip=CKV_AWS_310:There is one origin, with instances in two zones
  #checkov:skip=CKV_AWS_374:The data is public in every country
  #checkov:skip=CKV_AWS_305:The service answers / itself
  #checkov:skip=CKV2_AWS_32:The service sets its own security headers, tested there
  count = var.cdn ? 1 : 0

  enabled         = true
  comment         = "${local.name}-${var.region}"
  http_version    = "http2and3"
  is_ipv6_enabled = true
  price_class     = "PriceClass_100"

  origin {
    origin_id   = "load-balancer"
    domain_name = aws_lb.main.dns_name

    vpc_origin_config {
      vpc_origin_id = aws_cloudfront_vpc_origin.main[0].id
    }
  }

  default_cache_behavior {
    target_origin_id       = "load-balancer"
    viewer_protocol_policy = "redirect-to-https"
    allowed_methods        = ["GET", "HEAD", "OPTIONS"]
    cached_methods         = ["GET", "HEAD"]
    compress               = true
    cache_policy_id        = aws_cloudfront_cache_policy.main[0].id
    # AWS's AllViewerAndCloudFrontHeaders-2022-06: the service builds links from the client's Host and protocol.
    origin_request_policy_id = "33f36d7e-f396-46d9-90e0-52428a34d9dc"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

# An answer depends on its path, its whole query and the format asked for.
resource "aws_cloudfront_cache_policy" "main" {
  count = var.cdn ? 1 : 0

  name        = "${local.name}-${var.region}" # policies belong to the account, not to a region
  min_ttl     = 0
  default_ttl = 0
  max_ttl     = 86400

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true

    query_strings_config {
      query_string_behavior = "all"
    }

    headers_config {
      header_behavior = "whitelist"

      headers {
        items = ["Accept", "Origin"]
      }
    }

    cookies_config {
      cookie_behavior = "none"
    }
  }
}

data "aws_ec2_managed_prefix_list" "cloudfront" {
  count = var.cdn ? 1 : 0

  name = "com.amazonaws.global.cloudfront.origin-facing"
}
