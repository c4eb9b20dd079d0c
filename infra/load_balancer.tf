# The only thing that the internet reaches.

resource "aws_lb" "main" {
  #checkov:skip=CKV_AWS_150:On by variable; `make destroy` turns it off first
  #checkov:skip=CKV_AWS_91:On by variable, and on by default
  #checkov:skip=CKV2_AWS_20:HTTP is redirected to HTTPS as soon as there is a certificate; the data is public
  #checkov:skip=CKV2_AWS_76:The service runs no Java, so no Log4j; the optional WAF has the rule
  #checkov:skip=CKV2_AWS_28:WAF is optional (waf); the service limits its clients itself
  name                       = local.name
  load_balancer_type         = "application"
  internal                   = false
  security_groups            = [aws_security_group.load_balancer.id]
  subnets                    = [for subnet in aws_subnet.public : subnet.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
  idle_timeout               = 60 # seconds

  dynamic "access_logs" {
    for_each = aws_s3_bucket.access_logs

    content {
      enabled = true
      bucket  = access_logs.value.bucket
    }
  }

  depends_on = [aws_s3_bucket_policy.access_logs]
}

resource "aws_lb_target_group" "app" {
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer; the instances are in its private network
  name_prefix          = "adult-"
  vpc_id               = aws_vpc.main.id
  port                 = local.app_port
  protocol             = "HTTP"
  deregistration_delay = 30 # seconds for requests in flight

  health_check {
    path                = "/readyz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  tags = { Name = local.name }

  lifecycle {
    create_before_destroy = true
  }
}

# --- Listeners -------------------------------------------------------------------------------

resource "aws_lb_listener" "http" {
  #checkov:skip=CKV_AWS_2:Plain HTTP serves only while there is no certificate; with one it redirects
  #checkov:skip=CKV_AWS_103:As above
  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = local.https ? "redirect" : "forward"
    target_group_arn = local.https ? null : aws_lb_target_group.app.arn

    dynamic "redirect" {
      for_each = local.https ? [443] : []

      content {
        protocol    = "HTTPS"
        port        = redirect.value
        status_code = "HTTP_301"
      }
    }
  }
}

resource "aws_lb_listener" "https" {
  count = local.https ? 1 : 0

  load_balancer_arn = aws_lb.main.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.app.arn
  }
}

# --- Who may connect -------------------------------------------------------------------------

resource "aws_security_group" "load_balancer" {
  name_prefix = "${local.name}-load-balancer-"
  description = "The load balancer"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-load-balancer" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer_http" {
  #checkov:skip=CKV_AWS_260:A public service; client_cidrs narrows it
  for_each = var.cdn ? toset([]) : toset(var.client_cidrs)

  security_group_id = aws_security_group.load_balancer.id
  description       = "Clients, by HTTP"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80

  tags = { Name = "${local.name}-http" }
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer_https" {
  for_each = local.https ? toset(var.client_cidrs) : toset([])

  security_group_id = aws_security_group.load_balancer.id
  description       = "Clients, by HTTPS"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443

  tags = { Name = "${local.name}-https" }
}

resource "aws_vpc_security_group_egress_rule" "load_balancer_to_app" {
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "Requests and health checks go to the instances"
  referenced_security_group_id = aws_security_group.app.id
  ip_protocol                  = "tcp"
  from_port                    = local.app_port
  to_port                      = local.app_port

  tags = { Name = "${local.name}-load-balancer-to-app" }
}

# --- Access logs -----------------------------------------------------------------------------

resource "aws_s3_bucket" "access_logs" {
  #checkov:skip=CKV_AWS_18:It is itself the log; logging its access would write to itself
  #checkov:skip=CKV_AWS_144:Logs that are kept for days need no second region
  #checkov:skip=CKV_AWS_145:Load balancers write to buckets with S3's own key only
  #checkov:skip=CKV2_AWS_62:Nothing reacts to a new log file
  #checkov:skip=CKV_AWS_21:Written once by AWS and expired; there are no versions to keep
  count = var.access_logs ? 1 : 0

  bucket_prefix = "${local.name}-access-logs-"
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "access_logs" {
  count = var.access_logs ? 1 : 0

  bucket                  = aws_s3_bucket.access_logs[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "access_logs" {
  count = var.access_logs ? 1 : 0

  bucket = aws_s3_bucket.access_logs[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "access_logs" {
  count = var.access_logs ? 1 : 0

  bucket = aws_s3_bucket.access_logs[0].id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.log_retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "access_logs" {
  count = var.access_logs ? 1 : 0

  bucket = aws_s3_bucket.access_logs[0].id
  policy = data.aws_iam_policy_document.access_logs[0].json

  depends_on = [aws_s3_bucket_public_access_block.access_logs]
}

data "aws_iam_policy_document" "access_logs" {
  count = var.access_logs ? 1 : 0

  statement {
    sid       = "LoadBalancerWrites"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.access_logs[0].arn}/AWSLogs/${local.account}/*"]

    principals {
      type        = "Service"
      identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
    }
  }

  statement {
    sid       = "TLSOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.access_logs[0].arn, "${aws_s3_bucket.access_logs[0].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
